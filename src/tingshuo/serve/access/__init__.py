"""Who may ask a server for what, how often, and from where; and the record of who did."""
