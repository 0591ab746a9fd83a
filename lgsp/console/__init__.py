"""Pages for people: server-rendered, right without scripts, every word in both languages. How a page is added:

1. `lgsp/console/pages/<name>.py`: a pure view-model function (records in, plain values out: that is what its tests call), and
   one `Page` for each address, with its roles. `answer(visit)` returns `View(template, values)`, `Go(address)` or `File(...)`.
   Add the module to `MODULES` in `lgsp/console/pages/__init__.py`; nothing else registers it.
2. `templates/<name>.html`: begins with `{% extends "base.html" %}{% import "parts.html" as p with context %}` and fills the
   blocks `title` and `main`. Parts: `p.head p.notice p.empty p.sheet p.pager p.errors p.field p.area p.choice p.tick p.form
   p.facts p.tag p.when`; `mark(health)` is one of the five shapes. No `style=`, no inline script: the policy forbids both.
3. `words/vi/<name>.toml` and `words/en/<name>.toml`: `w.<name>.<key>` in templates, `visit.w["<name>"]["<key>"]` in Python;
   values are filled in by `w.x.y | fill(n=3)`. Words that several pages share stand in `common.toml`. A key that one language
   lacks, or that a template names and nobody has, fails `tests/console/test_words.py`; vi is written first.
4. An entry in the navigation is `Page(nav=<order>)`, its word `nav.<name of the page>`; a figure beside it is `Page.badge`.
5. Numbers, moments and days are written by `f` (`lgsp/console/format.py`): `f.number f.percent f.seconds f.bytes f.clock f.day
   f.moment f.ago f.span`. Times are Asia/Ho_Chi_Minh. Lists of names are sorted by `collation_key` (`collate.py`).
6. A change is a POST: `{% call p.form("stages/move") %}` writes the anti-forgery field, the frame checks it before `answer`
   is called. It is carried out by `await visit.perform("<action>", {...})` (`lgsp/office.py`: evidence with the person's
   name comes with it) and answered by `Go("/console/…", said=Said("good", text))`, so that nothing is sent twice. Where it is
   refused: `View(..., {"errors": {"field": "sentence"}, "form": visit.form}, status=422)`; `p.errors` leads to the fields.
7. `data-live="health stage"` on an element with an id: it is swapped for its fresh self when such an event arrives.
8. Add the address to `PAGES` of `tests/browser/pages.py`: axe, both themes, 360 px and 100 KB are then checked by themselves.

`render.py` holds templates and words, `visit.py` what a page gets and gives, `sessions.py` who is signed in,
`lgsp/endpoints/console.py` is the door: sessions, roles, forgery, language, errors.
"""
