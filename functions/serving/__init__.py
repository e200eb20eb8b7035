"""What every function shares; imports none of them."""
