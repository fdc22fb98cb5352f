"""The dashboard: plain HTML and ES modules, first client of the API it shows. Nothing from elsewhere."""
