import Image from "next/image";

export default function Page() {
  return <Image src="/cat.jpg" width={1600} height={1000} sizes="100vw" alt="A cat" style={{ width: "100%", height: "auto" }} />;
}
