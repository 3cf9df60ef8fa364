"""Tables of countries and mobile networks, as CSV; `mo_gateway.numbering` reads them, `generate` makes them."""
