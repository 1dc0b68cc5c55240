"""Whether memory recommends better than what one had before: histories, baselines, metrics and comparisons."""
