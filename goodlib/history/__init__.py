"""What happened: study files, intake, canonical tables, the summary of each customer's orders."""
