"""What one trial computes: from a composed config to the values of its metrics."""
