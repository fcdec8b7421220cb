"""Findings: a tidy frame in, a `Sentence` out. One module a chapter, for sentences that branch."""
