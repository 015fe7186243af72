-- On a table in use: without a lock that keeps writers out.
CREATE INDEX CONCURRENTLY "orders_customer_id_idx" ON "orders" ("customer_id");
