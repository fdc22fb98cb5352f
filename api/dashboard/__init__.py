"""The dashboard: plain HTML and ES modules, the API's own first client. No build step, nothing from elsewhere."""
