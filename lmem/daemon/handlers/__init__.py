"""One module per noun: from a request's parameters to a service call and back."""
