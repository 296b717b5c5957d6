"""The shell around the pure core, one function a use case: gather, plan, commit, report."""
