"""Stories of the province, told against the real gateway and the real simulator in virtual time."""
