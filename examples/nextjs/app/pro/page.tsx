import { auth } from "@clerk/nextjs/server";
import { redirect } from "next/navigation";

// The page checks access itself. proxy.ts checks too, but only to save rendering: a path that its matcher
// misses, or a request that bypasses it, must not show this page.
export default async function Pro() {
  const { isAuthenticated, sessionClaims } = await auth();
  if (!isAuthenticated || sessionClaims.billing?.active !== true) redirect("/");
  return <p>Welcome to {sessionClaims.plan}: {sessionClaims.billing.features?.join(", ")}</p>;
}
