"""The bus under faults: a simulated world from a seed with planted bugs for teeth, experiments with processes and disks."""
