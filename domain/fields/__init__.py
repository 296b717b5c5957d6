"""The fields of an employee, and how the cells of each field are read."""
