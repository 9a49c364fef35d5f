import { auth } from "@clerk/nextjs/server";
import { redirect } from "next/navigation";

// The page checks for itself. proxy.ts checks too, but only saves the work of a page that is not
// shown: a path that its matcher misses, or a request that gets around it, must not show this.
export default async function Pro() {
  const { isAuthenticated, sessionClaims } = await auth();
  if (!isAuthenticated || sessionClaims.billing?.active !== true) redirect("/");
  return <p>Welcome to {sessionClaims.plan}: {sessionClaims.billing.features?.join(", ")}</p>;
}
