"""From whatever a caller passes as an image to an upright picture, and from there to its ink."""
