package ai.hokus.registry.operations;

import ai.hokus.registry.consumers.PutBack;
import ai.hokus.registry.outbox.Outbox;
import ai.hokus.registry.outbox.OutboxPartitions;
import ai.hokus.registry.outbox.OutboxPurge;
import javax.sql.DataSource;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** Puts the module together. */
@Configuration(proxyBeanMethods = false)
class OperationsConfiguration {

    /** Operators wait for an answer: no statement runs longer than a relay's transaction may. */
    private static JdbcTemplate bounded(DataSource dataSource) {
        JdbcTemplate jdbc = new JdbcTemplate(dataSource);
        jdbc.setQueryTimeout(Math.toIntExact(OutboxPartitions.TRANSACTION_TIMEOUT.toSeconds()));
        return jdbc;
    }

    private static TransactionTemplate bounded(PlatformTransactionManager transactions) {
        TransactionTemplate transaction = new TransactionTemplate(transactions);
        transaction.setTimeout(Math.toIntExact(OutboxPartitions.TRANSACTION_TIMEOUT.toSeconds()));
        return transaction;
    }

    @Bean
    OutboxQueries outboxQueries(DataSource dataSource) {
        return new OutboxQueries(bounded(dataSource));
    }

    @Bean
    MessageListing messageListing(DataSource dataSource) {
        return new MessageListing(bounded(dataSource));
    }

    @Bean
    OperatorActionRepository operatorActionRepository(DataSource dataSource) {
        return new OperatorActionRepository(bounded(dataSource));
    }

    @Bean
    OperationLog operationLog(DataSource dataSource, PlatformTransactionManager transactions, Outbox outbox) {
        return new OperationLog(bounded(dataSource), bounded(transactions), outbox);
    }

    @Bean
    OperatorActions operatorActions(
            OperatorActionRepository repository, OperationLog log, Outbox outbox, OutboxPurge purge) {
        return new OperatorActions(repository, log, outbox, purge);
    }

    @Bean
    Resend resend(
            DataSource dataSource,
            PlatformTransactionManager transactions,
            OperatorActionRepository repository,
            OperationLog log,
            Outbox outbox,
            OperatorSettings settings) {
        return new Resend(
                new ResendRepository(bounded(dataSource)),
                repository,
                log,
                outbox,
                bounded(transactions),
                new Resend.Limits(settings.maxResend(), settings.maxResendSize()));
    }

    @Bean
    PutBackAction putBackAction(PutBack putBack, OperationLog log) {
        return new PutBackAction(putBack, log);
    }

    @Bean
    FenceWatch fenceWatch(OperatorActionRepository repository, OperatorSettings settings) {
        return new FenceWatch(repository, settings.fenceTimeout());
    }
}
