"""Models on data sets that they have not learned from: labels mapped, answers judged, the paper's baselines."""
