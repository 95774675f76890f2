export default function About() {
  return <p>Static since the build.</p>
}
