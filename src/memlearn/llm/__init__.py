"""Language-model and embedding endpoints: the one place that knows the vendor client."""
