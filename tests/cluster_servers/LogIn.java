import javax.security.sasl.AuthenticationException;
import org.apache.hive.service.auth.PasswdAuthenticationProvider;

/** Knows one user; HiveServer2 asks it at every log-in with a password. */
public class LogIn implements PasswdAuthenticationProvider {
  @Override
  public void Authenticate(String user, String password) throws AuthenticationException {
    if (!user.equals("analyst") || !password.equals("open sesame; ${x}")) {
      throw new AuthenticationException("wrong user or password");
    }
  }
}
