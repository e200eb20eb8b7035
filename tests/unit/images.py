"""Image files in every form people send."""

from loadtest.photos import encode, png_bomb

__all__ = ["encode", "png_bomb"]
