-- Without 'draft', and with 'cancelled'. A value cannot be taken out of an enum, so the type is made anew.
BEGIN;
CREATE TYPE "order_status_new" AS ENUM ('placed', 'shipped', 'cancelled');
ALTER TABLE "orders" ALTER COLUMN "status" DROP DEFAULT;
ALTER TABLE "orders" ALTER COLUMN "status" TYPE "order_status_new"
    USING (CASE "status"::text WHEN 'draft' THEN 'placed' ELSE "status"::text END::"order_status_new");
ALTER TYPE "order_status" RENAME TO "order_status_old";
ALTER TYPE "order_status_new" RENAME TO "order_status";
DROP TYPE "order_status_old";
ALTER TABLE "orders" ALTER COLUMN "status" SET DEFAULT 'placed';
COMMIT;
