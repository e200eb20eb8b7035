"""What people say of predictions: taken, kept, counted, exported."""
