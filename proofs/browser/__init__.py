"""The report's page as a browser sees it."""
