"""The waist: one capture analysed, which every output reads."""
