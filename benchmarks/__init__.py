"""Programs that measure or show the page in a browser. What training measures is in `training`."""
