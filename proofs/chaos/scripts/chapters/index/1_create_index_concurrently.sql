-- while others write
CREATE INDEX CONCURRENTLY "Owner NN" ON account (owner);
