/* The payload of every measured container: a static program that only exits. */
int main(void)
{
    return 0;
}
