"""How long a database waits for us, and how long we wait for it (ADR 0030, ADR 0031).

Each name says its unit. An import of 200,000 rows is stored in 10 to 20 seconds. A rebuild takes as
long as it takes, and none of these limits ends it.
"""

IDLE_S = 60.0
"""PostgreSQL ends a session whose client has sent nothing for so long between two statements of a
transaction: the process or its machine is stopped. So the company is unlocked."""
LOOK_S = 30.0
"""How often a process that waits for another one looks what it waits for. So it tells that within a
minute. If the other one is stopped inside a COPY, it is ended at the second look."""
SETTLE_S = 60.0
"""How long a PostgreSQL server is asked what came of a transaction, after the reply to its COMMIT
was lost. A server that restarts needs seconds. A server needs half a minute to notice that a client
is gone (`SET_KEEPALIVES`), and then undoes the client's transaction."""
LOCK_S = 50.0
"""How long SQLite waits for another process that writes, before the command ends with an error."""
TURN_S = 600.0
"""How long a thread waits for other threads of its process that write to SQLite: all companies take
turns there."""
