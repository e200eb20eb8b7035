"""Image files in every form people send."""

from loadtest.photos import encode, png_bomb, png_chunk

__all__ = ["encode", "png_bomb", "png_chunk"]
