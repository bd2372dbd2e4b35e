"""What the API says: answers as JSON, the table of its addresses, and the document that describes them."""
