-- Which warehouse this is: one that was begun anew, or made anew from the archive, is another one, whose rows need not be
-- those of before. What was counted of one says nothing of another (warehouse/carry.py).
CREATE TABLE ops.made (id VARCHAR);
INSERT INTO ops.made SELECT uuid()::VARCHAR;
