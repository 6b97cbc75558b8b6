"""What is taught besides MNIST as it is: characters, texts, paper and cameras made by programs."""
