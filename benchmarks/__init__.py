"""What is measured of this project, apart from the model itself."""
