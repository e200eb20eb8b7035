"""What a SAM template says: the functions, the routes and the CORS rules in it."""
