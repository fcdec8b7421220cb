"""What it is worth: lifetime value models, joint draws of the future, prospects, referrals."""
