"""What is known of an employee, field by field, and how a cell says it."""
