import { SignInButton } from "@clerk/nextjs";
import { auth } from "@clerk/nextjs/server";
import Link from "next/link";
import { buy, manage } from "./actions";

export default async function Home() {
  const { isAuthenticated, sessionClaims } = await auth();
  if (!isAuthenticated) return <SignInButton />;
  if (!sessionClaims.billing?.active) {
    return (
      <form action={buy}>
        <p>You have no plan yet.</p>
        <button>Buy Pro</button>
      </form>
    );
  }
  return (
    <form action={manage}>
      <p>
        You have <strong>{sessionClaims.plan}</strong>. <Link href="/pro">Go to it</Link>
      </p>
      <button>Manage billing</button>
    </form>
  );
}
