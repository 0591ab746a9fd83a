"""The connection report that a province files: figures of a period, put in the layout of Decree 30/2020/NĐ-CP.

`facts.py` reads what the records say, `model.py` makes the document of it, `docx.py` and `sheet.py` write it; the printable
page is a template of the console. Words and formats are handed in. `filing.py` files each month, once.
"""
