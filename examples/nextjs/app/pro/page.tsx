import { auth } from "@clerk/nextjs/server";

// Only who has access comes here: see proxy.ts.
export default async function Pro() {
  const { sessionClaims } = await auth();
  return <p>Welcome to {sessionClaims?.plan}: {sessionClaims?.billing?.features?.join(", ")}</p>;
}
