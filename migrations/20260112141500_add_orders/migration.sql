CREATE TABLE "orders" (
    "id" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "customer_id" BIGINT NOT NULL REFERENCES "customers" ("id"),
    "status" "order_status" NOT NULL DEFAULT 'draft',
    "placed_at" TIMESTAMPTZ
);

CREATE TABLE "order_lines" (
    "order_id" BIGINT NOT NULL REFERENCES "orders" ("id") ON DELETE CASCADE,
    "product_id" BIGINT NOT NULL REFERENCES "products" ("id"),
    "quantity" INTEGER NOT NULL CHECK ("quantity" > 0),
    "price_cents" INTEGER NOT NULL,
    PRIMARY KEY ("order_id", "product_id")
);

CREATE INDEX "order_lines_product_id_idx" ON "order_lines" ("product_id");
