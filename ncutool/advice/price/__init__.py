"""What drafts are worth: the ledger of time and the ranking."""
