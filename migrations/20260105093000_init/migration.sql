-- Customers, and what they can buy.
CREATE TYPE "order_status" AS ENUM ('draft', 'placed', 'shipped');

CREATE TABLE "customers" (
    "id" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "email" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX "customers_email_key" ON "customers" ("email");

CREATE TABLE "products" (
    "id" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "sku" TEXT NOT NULL UNIQUE,
    "title" TEXT NOT NULL,
    "price_cents" INTEGER NOT NULL CHECK ("price_cents" >= 0)
);
