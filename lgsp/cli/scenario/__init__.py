"""`lgsp simulate`: a stretch of a province's life in virtual time, through the real gateway and the real simulator.

`plan` reads what goes in, `dossiers` draws the dossiers, `life` lives them, `tally` counts what comes out, `page` draws it.
"""
