"""`lgsp simulate`: a stretch of a province's life in virtual time, through the real gateway and the real simulator.

`plan` reads what goes in, `dossiers` draws the dossiers, `stands` are the provinces with their buses (two where eras change),
`timeline` the virtual clock, `troubles` what goes wrong; `life` lives it, `tally` and `month` count what comes out, `document`
says it, `words`, `pictures` and `page` tell it.
"""
