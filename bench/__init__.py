"""Our work beside what a user would pick instead: one core each, ratios within one run."""
