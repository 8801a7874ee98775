"""The experiments of the paper: lists of training runs derived from one recipe, and the tables made of them."""
