"""What is measured of page and tests. What training measures is in `training`."""
