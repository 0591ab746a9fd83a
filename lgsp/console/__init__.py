"""Pages for people: templates, one style sheet, a little script, and every word in both languages."""
